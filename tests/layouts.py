"""Every published layout and a folder of one's own, in small, made of generated pictures."""

import numpy as np
from camera_files import frames, radiance, write_burst, write_frame, write_radiance

SHORT, LONG = (-2.0, 0.0, 2.0), (-3.0, 0.0, 3.0)


def write_scene(folder, seed, ev=SHORT, names="{}.tif", exposures="exposure.txt", truth="HDRImg.hdr", bits=16):
    """Three frames, their exposures and their truth."""
    folder.mkdir(parents=True)
    scene = radiance(seed)
    for index, ldr in enumerate(frames(scene, ev), 1):
        write_frame(folder / names.format(index), ldr, bits)
    (folder / exposures).write_text("".join(f"{value}\n" for value in ev))
    if truth:
        write_radiance(folder / truth, scene)


def kalantari_ucsd(root, flat=False):
    for number in range(1, 5):
        write_scene(root / "Training" / f"{number:03d}", number, SHORT if number % 2 else LONG, "262A26{}.tif")
    sets = ("",) if flat else ("EXTRA", "PAPER")
    for seed, part in enumerate(sets):
        write_scene(root / "Test" / part / "BarbequeDay", 10 + seed, names="262A07{}.tif")


def kalantari_deephdr(root):
    for number in range(1, 4):
        for side, seed in (("Training", number), ("Test", 10 + number)):
            folder = root / side / f"{number:03d}"
            write_scene(folder, seed, LONG, "input_{}_aligned.tif", "input_exp.txt", "ref_hdr_aligned.hdr")
            for index in (1, 2, 3):
                write_frame(folder / f"ref_{index}_aligned.tif", np.zeros((3, 48, 64), np.float32), 16)


def hu20(root):
    for number in (1, 2, 85, 86, 100):
        place = root / f"{number:03d}"
        write_scene(place, number, SHORT, "input_{}_aligned.tif", "input_exp.txt", "ref_hdr_aligned_linear.hdr", 8)


def tel23(root):
    for side, numbers in (("Training", (1, 2)), ("Test", (7,))):
        for number in numbers:
            for take in (1, 2):
                write_scene(root / side / f"scene_{number:04d}_{take}", 10 * number + take, names="input_{}.tif")


def challenge123(root):
    for side, places in (("Training", ("001", "002")), ("Test", ("097",))):
        for place in places:
            for moment in (1, 2, 3):
                seed = 10 * int(place) + moment
                write_scene(root / side / f"{place}_{moment}", seed, names="ldr_img_{}.tif", truth="hdr_img.hdr")


def ntire21(root):
    """Samples 0 and 1 for training, 2 without truth, 0 for tests; codes of gamma 2.24, in which frames are exposed."""
    for side, numbers in (("train", (0, 1, 2)), ("test", (0,))):
        folder = root / side
        folder.mkdir()
        for number in numbers:
            scene = radiance(60 + number + 10 * (side == "test"))
            for name, ldr in zip(("short", "medium", "long"), frames(scene), strict=True):
                write_frame(folder / f"{number:04d}_{name}.png", ldr ** np.float32(2.2 / 2.24))
            np.save(folder / f"{number:04d}_exposures.npy", np.array(SHORT) + 5.0)
            if number < 2:
                codes = (4.0 * scene) ** (1 / 2.24)  # the medium frame clips at 1
                ratio = 65535 / codes.max()
                write_frame(folder / f"{number:04d}_gt.png", codes * ratio / 65535, 16)
                np.save(folder / f"{number:04d}_alignratio.npy", ratio)


def own(root, labelled=2, unlabelled=4, test=1, side=64):
    """Bursts of one's own: labelled ones, unlabelled ones (JPEG with EXIF), test scenes with truth."""
    for index in range(labelled):
        write_burst(root / f"labelled{index}", radiance(index, side, side), truth="HDRImg.hdr")
    for index in range(unlabelled):
        folder = root / "more" / f"burst{index}"
        folder.mkdir(parents=True)
        for number, ldr in enumerate(frames(radiance(20 + index, side, side))):
            write_frame(folder / f"IMG_{number}.jpg", ldr, seconds=0.01 * 4**number, iso=100, aperture=4, taken=number)
    for index in range(test):
        write_burst(root / "test" / f"scene{index}", radiance(40 + index, side, side), truth="HDRImg.hdr")
    return root


def tour(root):
    """The folder that docs/own-bursts.md shows: a burst with truth, one with a wrong exposure list, a camera's card."""
    for name, seed, truth in (("garden", 1, "HDRImg.hdr"), ("street", 2, None)):
        write_burst(root / name, radiance(seed, 240, 320), truth=truth)
    (root / "street" / "exposure.txt").write_text("-2\n0\n4\n")
    (root / "card").mkdir()
    for number in range(7):
        bracket, index = divmod(number, 3)
        ldr = frames(radiance(10 + bracket, 240, 320))[(1, 0, 2)[index]]
        ldr = np.roll(ldr, (0, 7, 3)[index], axis=2) if bracket == 1 else ldr
        about = {"seconds": 0.01 * 4.0 ** (0, -1, 1)[index], "iso": 100, "aperture": 4, "taken": 60 * bracket + index}
        write_frame(root / "card" / f"IMG_{number + 41:04d}.jpg", ldr, **about)
    return root


BUILDERS = {
    "kalantari17": kalantari_ucsd,
    "hu20": hu20,
    "tel23": tel23,
    "challenge123": challenge123,
    "ntire21": ntire21,
    "folder": own,
}
"""A dataset that lies in a folder -> what makes one."""
