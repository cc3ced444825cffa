// Before anything is drawn: the theme that the reader chose last.
try {
  const theme = JSON.parse(localStorage.getItem("afina.theme"));
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  /* no storage, no choice */
}
