// Runs before the first paint, so that the style sheets can hide what is only needed without scripts.
document.documentElement.classList.add("js");
