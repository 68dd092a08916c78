// What a swap of roles or another word would change: Ctrl+Enter goes on, q back to the call.
import { pressed } from "/static/pressing.js";

pressed({ q: () => document.getElementById("back").click() });

// Typing goes on where the reason is, and what would change stays in sight above it.
document.getElementById("reason")?.focus({ preventScroll: true });

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest("form")?.requestSubmit();
});
