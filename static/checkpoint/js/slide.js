// Lays one picture upon the other, with a line between them that a slider moves. Without this both stand side by side.
(() => {
  "use strict";

  const slide = document.querySelector(".slide");
  if (!slide) return;
  const range = slide.querySelector("input[type=range]");
  const upper = slide.querySelector(".upper");
  const move = () => {
    upper.style.clipPath = `inset(0 0 0 ${range.value}%)`;
    slide.style.setProperty("--slide", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} per cent of the former picture`);
  };
  range.addEventListener("input", move);
  move();
  slide.hidden = false;
})();
