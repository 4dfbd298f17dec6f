// Writes the document that MLflow's page sends into this frame, in place of the one that is here (`mlflow_ui.js`).
window.addEventListener("message", (event) => {
  if (event.source !== window.parent || typeof event.data !== "string") return;
  document.open();
  document.write(event.data);
  document.close();
});
