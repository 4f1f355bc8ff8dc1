// Links, files and pictures. A link holds settings and the number of batches, nothing else.

import { element } from "./dom.js";

const LONGEST_LINK = 12_000;
const LOOK = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linejoin",
  "fill-opacity",
  "opacity",
  "font",
  "text-anchor",
];

export function toLink(settings, defaults, batches) {
  const changed = Object.entries(settings).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]),
  );
  const text = JSON.stringify({ settings: Object.fromEntries(changed), batches });
  const bytes = new TextEncoder().encode(text);
  const code = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  if (code.length > LONGEST_LINK) {
    throw new Error(
      `The data are too large for a link (${code.length.toLocaleString("en")} characters, at most ${LONGEST_LINK.toLocaleString("en")}). “As Python” and model.npz hold them.`,
    );
  }
  return code.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// { settings, batches } of a link; the package checks the settings.
export function fromLink(code) {
  try {
    const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const { settings, batches } = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
    if (!Number.isInteger(batches) || batches < 0 || batches > 1e6) throw new Error("batches");
    return { settings, batches };
  } catch {
    throw new Error(
      "The link is damaged: received something other than settings. Copy it again, in full.",
    );
  }
}

export function download(name, content, type) {
  const address = URL.createObjectURL(
    content instanceof Blob ? content : new Blob([content], { type }),
  );
  const anchor = element("a", { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// The picture in a part of the page as a drawing that needs no style sheet.
export function toSvg(part) {
  const drawn = part.querySelector("svg");
  if (drawn === null) throw new Error("There is no picture here: this data set shows a table.");
  const copy = drawn.cloneNode(true);
  const originals = [drawn, ...drawn.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, k) => {
    const style = getComputedStyle(originals[k]);
    for (const name of LOOK) node.style.setProperty(name, style.getPropertyValue(name));
    node.removeAttribute("class");
  });
  const [, , width, height] = copy.getAttribute("viewBox").split(" ");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", width);
  paper.setAttribute("height", height);
  paper.setAttribute("fill", getComputedStyle(part.closest("section")).backgroundColor);
  const behind = [paper];
  const canvas = part.querySelector("canvas");
  if (canvas !== null && !canvas.hidden) behind.push(imageOf(canvas, width, height));
  copy.prepend(...behind);
  return new XMLSerializer().serializeToString(copy);
}

function imageOf(canvas, width, height) {
  const share = (value, whole) => (parseFloat(value) / 100) * whole;
  const image = document.createElementNS("http://www.w3.org/2000/svg", "image");
  const { left, top, width: wide, height: high } = canvas.style;
  image.setAttribute("x", share(left, width));
  image.setAttribute("y", share(top, height));
  image.setAttribute("width", share(wide, width));
  image.setAttribute("height", share(high, height));
  image.setAttribute("preserveAspectRatio", "none");
  image.setAttribute("href", canvas.toDataURL());
  return image;
}

export async function toPng(text, scale = 2) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  image.src = address;
  await image.decode();
  const canvas = element("canvas", { width: image.width * scale, height: image.height * scale });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
