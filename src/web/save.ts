const drawn = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-size",
  "font-family",
];
/** Pixels of a PNG per CSS pixel: sharp in print. */
const DENSITY = 2;

/** The picture with the colours and the ground it has now, as a file of its own. */
function textOf(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  originals.forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const property of drawn)
      copies[i].setAttribute(property, style.getPropertyValue(property));
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [
    ["width", "100%"],
    ["height", "100%"],
    ["fill", groundColour()],
  ])
    ground.setAttribute(name, value);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

function groundColour(): string {
  return getComputedStyle(document.body).backgroundColor;
}

export function saveSvg(svg: SVGSVGElement, name: string): void {
  saveFile(textOf(svg), "image/svg+xml", `${name}.svg`);
}

/** A picture of vectors or of pixels, on the page's ground. */
export async function savePng(
  picture: SVGSVGElement | HTMLCanvasElement,
  name: string,
): Promise<void> {
  const { width, height } = picture.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * DENSITY), Math.round(height * DENSITY)];
  const context = canvas.getContext("2d")!;
  context.fillStyle = groundColour();
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(
    picture instanceof HTMLCanvasElement ? picture : await imageOf(picture),
    0,
    0,
    canvas.width,
    canvas.height,
  );
  canvas.toBlob((blob) => blob && saveFile(blob, "image/png", `${name}.png`), "image/png");
}

async function imageOf(svg: SVGSVGElement): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([textOf(svg)], { type: "image/svg+xml" }));
  try {
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** Gives the reader a file. */
export function saveFile(text: string | Blob, type: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(typeof text === "string" ? new Blob([text], { type }) : text);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
