"use strict";
// One viewer for all pictures: arrow keys walk through the pictures of a scene, Escape closes.
const viewer = document.getElementById("viewer");
const picture = viewer.querySelector("img");
const caption = viewer.querySelector("figcaption");
let panels = [];
let place = 0;

function show(index) {
  place = (index + panels.length) % panels.length;
  const image = panels[place].querySelector("img");
  const scene = panels[place].closest(".card").querySelector("h3").textContent;
  picture.src = image.src;
  picture.alt = image.alt;
  caption.textContent = `${scene} · ${panels[place].innerText.trim()}: ${image.alt}`;
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
  if (step) show(place + Number(step));
  else if (event.target === viewer || "close" in event.target.dataset) viewer.close();
});

viewer.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) show(place + step);
});

viewer.addEventListener("close", () => panels[place].focus());

// A slider over prediction and truth; it borrows the pictures of its card, so that they stand in the page once.
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
