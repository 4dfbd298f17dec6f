// Runs before the first paint: lets the style sheets hide what is only needed without scripts.
document.documentElement.classList.add("js");
