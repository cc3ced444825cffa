// Places in a text: the server counts characters, JavaScript counts halves of some of them.

/** The text in pieces, `{text, word}`: words with their place in `words`, and what stands between them with null. */
export function pieces(text, words) {
  const characters = Array.from(text);
  const slice = (from, to) => characters.slice(from, to).join("");
  const found = [];
  let done = 0;
  words.forEach(({ start, end }, place) => {
    if (start > done) found.push({ text: slice(done, start), word: null });
    if (end > start) found.push({ text: slice(start, end), word: place });
    done = Math.max(done, end);
  });
  if (done < characters.length) found.push({ text: slice(done), word: null });
  return found;
}

/** The text without the words whose places are in `gone`, and without the gaps they leave. */
export function cut(text, words, gone) {
  const kept = pieces(text, words).filter(({ word }) => word === null || !gone.has(word));
  return kept.map((piece) => piece.text).join("").replace(/[ \t]{2,}/g, " ").replace(/ +([.,;:!?])/g, "$1").trim();
}

export const wordsLeft = (words, gone) => words.length > gone.size;
