// A scorecard's moments play in the page: links to a stretch of the recording otherwise open it by themselves.

const audio = document.querySelector(".sound audio");

function playFrom(ms) {
  const start = () => { audio.currentTime = ms / 1000; audio.play().catch(() => {}); };
  if (audio.readyState > 0) start();
  else {
    audio.addEventListener("loadedmetadata", start, { once: true });
    audio.preload = "metadata";
    audio.load();
  }
}

if (audio) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-ms]");
    if (!link) return;
    event.preventDefault();
    playFrom(Number(link.dataset.ms));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.closest("input, textarea, select, button, summary, a, audio")) return;
    event.preventDefault();
    if (audio.paused) audio.play().catch(() => {});
    else audio.pause();
  });
  if (audio.dataset.at) playFrom(Number(audio.dataset.at));
}
