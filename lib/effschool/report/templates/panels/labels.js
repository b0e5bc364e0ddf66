// Handles of ipywidgets' sliders have no name of their own: a screen reader would say a number without a word.
if (!window.effschoolLabels) {
  const name = () => document.querySelectorAll(".effschool-panel .widget-slider").forEach((slider) => {
    const label = slider.querySelector("label");
    slider.querySelectorAll("[role=slider]").forEach((handle) => {
      if (label && handle.getAttribute("aria-label") !== label.textContent) {
        handle.setAttribute("aria-label", label.textContent);
      }
    });
  });
  window.effschoolLabels = new MutationObserver(name);
  window.effschoolLabels.observe(document.body, { childList: true, subtree: true, characterData: true });
  name();
}
