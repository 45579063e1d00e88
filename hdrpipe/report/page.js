"use strict";
// One viewer for all pictures: the arrow keys step through the pictures of a scene, Escape closes it.
const viewer = document.getElementById("viewer");
const picture = viewer.querySelector("img");
const caption = viewer.querySelector("figcaption");
let panels = [];
let index = 0;

function show(next) {
  index = (next + panels.length) % panels.length;
  const image = panels[index].querySelector("img");
  const scene = panels[index].closest(".card").querySelector("h3").textContent;
  picture.src = image.src;
  picture.alt = image.alt;
  caption.textContent = `${scene} · ${panels[index].innerText.trim()}: ${image.alt}`;
}

for (const button of document.querySelectorAll(".panel")) {
  button.addEventListener("click", () => {
    panels = [...button.parentElement.children];
    show(panels.indexOf(button));
    viewer.showModal();
  });
}

viewer.addEventListener("click", (event) => {
  const step = event.target.dataset.step;
  if (step) show(index + Number(step));
  else if (event.target === viewer || "close" in event.target.dataset) viewer.close();
});

viewer.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) show(index + step);
});

viewer.addEventListener("close", () => panels[index].focus());

// Slider between prediction and truth; it reuses the pictures of its card, so that the page embeds them once.
for (const figure of document.querySelectorAll(".compare")) {
  const card = figure.closest(".card");
  const source = (name) => card.querySelector(`.panel[data-name="${name}"] img`).src;
  const [below, above] = figure.querySelectorAll("img");
  const range = figure.querySelector("input");
  const cut = () => figure.style.setProperty("--cut", `${range.value}%`);
  [below.src, above.src] = [source("Truth"), source("Prediction")];
  range.addEventListener("input", cut);
  cut();
  figure.hidden = false;
}
