"""Measured risk of fusions on bursts in files, against the true error that only the test knows."""

import numpy as np
import pytest
from camera_files import write_frame, write_noisy_burst

from hdrpipe.datasets.bursts import find_bursts
from hdrpipe.errors import UsageError
from hdrpipe.imaging.merge import MERGES
from hdrpipe.imaging.noise_level import level_of_model
from hdrpipe.tools.risk import fusions, measure, table

METHODS = ("rejecting", "reference_only")


def silent(done, total, note):
    pass


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """(truth, measurement) of one burst."""
    folder = tmp_path_factory.mktemp("risk") / "lamp"
    truth = write_noisy_burst(folder)
    return truth, next(iter(measure(find_bursts(folder), fusions((), (), METHODS), silent)))


def test_risk_of_a_merge_is_near_the_true_error(measured):
    """The reference alone errs by its noise, of which the added noise makes 1.49 times as much."""
    truth, row = measured
    risks = {name: float(np.mean(patches)) for name, patches in row.risks.items()}
    slope = 5000 / (np.log(5001) * (1 + 5000 * truth))
    inside = (truth * 4 > 0.01) & (truth * 4 < 0.8)
    noise = float(((slope**2) * (4e-4 * truth * 4 + 2e-6) / 16)[inside].mean())
    assert risks["reference_only"] == pytest.approx(1.49 * noise, rel=0.35)
    assert risks["rejecting"] < 0.7 * risks["reference_only"]


def test_the_table_names_the_better_one(measured):
    _, row = measured
    text = table([row], METHODS)
    assert "lamp" in text
    assert "patches of the burst" in text
    assert "reference_only - rejecting" in text
    assert "rejecting errs less" in text


def test_a_fusion_against_itself_shows_no_difference(measured):
    _, row = measured
    twice = {"a": row.risks["rejecting"], "b": row.risks["rejecting"]}
    text = table([type(row)(row.name, row.noise, row.covered, twice)], ("a", "b"))
    assert "no difference shown" in text


def test_a_burst_that_cannot_be_measured_does_not_stop_the_others(tmp_path):
    write_noisy_burst(tmp_path / "good", size=96)
    (tmp_path / "bad").mkdir()
    for number in (1, 2, 3):
        write_frame(tmp_path / "bad" / f"{number}.png", np.full((3, 64, 64), 0.02 * number, np.float32), 16)
    (tmp_path / "bad" / "exposure.txt").write_text("-2\n0\n2\n")
    bursts = [*find_bursts(tmp_path / "bad"), *find_bursts(tmp_path / "good")]
    bad, good = measure(bursts, fusions((), (), METHODS), silent)
    assert "clipped or hardly above its noise nearly everywhere" in str(bad.error)
    assert good.error is None
    assert len(good.risks["rejecting"]) > 0
    assert "bad: " in table([bad, good], METHODS)


def test_noise_that_neighbours_share_is_measured_whole(tmp_path):
    """Single pixels show a tenth of it; added noise as weak as that lets copies of the reference's own look best."""
    write_noisy_burst(tmp_path / "lamp", noise=8.0, spread=0.7)
    row = next(iter(measure(find_bursts(tmp_path / "lamp"), fusions((), (), METHODS), silent)))
    assert level_of_model(row.noise) == pytest.approx(8.0, rel=0.5)
    assert row.risks["rejecting"].mean() < row.risks["reference_only"].mean()


def test_noise_of_each_pixel_on_a_tripod_is_not_shared(tmp_path):
    """Nothing is warped there, so the burst shows half again as much as it has."""
    write_noisy_burst(tmp_path / "lamp", noise=1.0)
    row = next(iter(measure(find_bursts(tmp_path / "lamp"), fusions((), (), METHODS), silent)))
    assert level_of_model(row.noise) == pytest.approx(1.0, rel=0.1)


def test_compressed_pictures_are_refused(tmp_path):
    write_noisy_burst(tmp_path / "shots", "jpg", size=96)
    (row,) = measure(find_bursts(tmp_path / "shots"), fusions((), (), METHODS), silent)
    assert "compression has changed its noise" in str(row.error)
    assert "1.jpg" in str(row.error)


def test_a_compressed_picture_of_any_name_is_refused(tmp_path):
    write_noisy_burst(tmp_path / "shots", "jpg", size=96)
    for path in sorted((tmp_path / "shots").glob("*.jpg")):
        path.rename(path.with_suffix(".png"))
    (row,) = measure(find_bursts(tmp_path / "shots"), fusions((), (), METHODS), silent)
    assert "compression has changed its noise" in str(row.error)


def test_without_options_the_shipped_network_meets_two_merges():
    chosen = fusions((), (), ())
    assert list(chosen) == ["shipped", "denoised", "rejecting"]
    assert chosen["shipped"].network is not None
    assert chosen["denoised"].settings.method in MERGES


def test_an_unknown_merge_is_refused():
    with pytest.raises(UsageError, match="magic"):
        fusions((), (), ("magic",))
