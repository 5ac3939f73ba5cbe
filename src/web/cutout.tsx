import { useEffect, useRef, useState } from "preact/hooks";
import type { CutoutKind } from "../api/lake-view.ts";
import { type FitsImage, readFits } from "../sky/fits.ts";
import { type SkyFrame, scaleBarArcsec, skyFrame } from "./sky-frame.ts";
import type { CutoutLook } from "./cutout-look.tsx";
import { greyLevels } from "./stretch.ts";

const RETRY_MS = 5_000;

interface CutoutProps {
  readonly survey: string;
  readonly alertId: string;
  readonly kind: CutoutKind;
  /** Side in CSS pixels. */
  readonly side: number;
  readonly look: CutoutLook;
}

const kinds: readonly CutoutKind[] = ["science", "template", "difference"];

/** The three images of an alert side by side. */
export function Cutouts(props: Omit<CutoutProps, "kind">) {
  return (
    <div class="cutouts">
      {kinds.map((kind) => (
        <Cutout key={`${props.alertId} ${kind}`} {...props} kind={kind} />
      ))}
    </div>
  );
}

/**
 * One cutout, drawn from its FITS file: north up, east left, the alert's position in the middle.
 */
function Cutout({ survey, alertId, kind, side, look }: CutoutProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [image, setImage] = useState<FitsImage | string>("…");
  const address = addressOf(survey, alertId, kind);
  const box = useRef<HTMLElement>(null);
  useEffect(
    () =>
      whenNear(box.current!, (signal) => void loadFits(survey, alertId, kind, signal, setImage)),
    [address],
  );
  useEffect(() => {
    if (canvas.current && typeof image !== "string" && !draw(canvas.current, image, side, look))
      setImage("no valid pixel");
  }, [image, side, look.inverted, look.stretch]);
  const size = `${side}px`;
  return (
    <figure class="cutout" ref={box} style={{ width: size }}>
      <a
        href={address}
        download
        title={typeof image === "string" ? image : describe(image)}
        style={{ height: size }}
      >
        {typeof image === "string" ? (
          <span class="sick">{image}</span>
        ) : (
          <canvas
            ref={canvas}
            style={{ width: size, height: size }}
            role="img"
            aria-label={`${kind} cutout`}
          />
        )}
      </a>
      <figcaption>{kind}</figcaption>
    </figure>
  );
}

/**
 * Starts when the element comes near the screen, ends with the function that is returned: a list
 * may have hundreds of images.
 */
function whenNear(element: HTMLElement, start: (signal: AbortSignal) => void): () => void {
  const aborter = new AbortController();
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      start(aborter.signal);
    },
    { rootMargin: "300px", scrollMargin: "300px" },
  );
  observer.observe(element);
  return () => {
    observer.disconnect();
    aborter.abort();
  };
}

function addressOf(survey: string, alertId: string, kind: CutoutKind): string {
  return `/api/v1/cutouts/${survey}/${encodeURIComponent(alertId)}/${kind}`;
}

/**
 * Shows the image or why there is none; what may mend itself (the network, the server) is tried
 * again until aborted.
 */
export async function loadFits(
  survey: string,
  alertId: string,
  kind: CutoutKind,
  signal: AbortSignal,
  show: (image: FitsImage | string) => void,
): Promise<void> {
  try {
    const response = await fetch(addressOf(survey, alertId, kind), { signal });
    if (response.status === 404) return show("no image");
    if (response.ok)
      return show(
        await readFits(new Uint8Array(await response.arrayBuffer())).catch(
          (error: Error) => error.message,
        ),
      );
  } catch {
    if (signal.aborted) return;
  }
  show("not loaded, trying again …");
  const timer = setTimeout(() => void loadFits(survey, alertId, kind, signal, show), RETRY_MS);
  signal.addEventListener("abort", () => clearTimeout(timer));
}

function describe({ width, height, header }: FitsImage): string {
  const { arcsecPerPixel } = skyFrame(width, height, header);
  const extent =
    arcsecPerPixel === null
      ? "orientation not in the file, taken as first row north"
      : `${(width * arcsecPerPixel).toFixed(1)}″ × ${(height * arcsecPerPixel).toFixed(1)}″`;
  return `${width} × ${height} pixels, ${extent}. North up, east left. Click for the FITS file`;
}

/** False when the image has nothing to draw. */
function draw(
  canvas: HTMLCanvasElement,
  image: FitsImage,
  side: number,
  { stretch, inverted }: CutoutLook,
): boolean {
  const levels = greyLevels(image.pixels, stretch);
  if (!levels) return false;
  const pixels = new OffscreenCanvas(image.width, image.height);
  pixels
    .getContext("2d")
    ?.putImageData(new ImageData(greyPixels(levels, inverted), image.width, image.height), 0, 0);
  const density = devicePixelRatio;
  canvas.width = canvas.height = Math.round(side * density);
  const context = canvas.getContext("2d");
  if (!context) return false;
  const frame = skyFrame(image.width, image.height, image.header);
  const zoom = canvas.width / Math.max(image.width, image.height);
  const [a, b, c, d] = frame.toScreen.map((m) => m * zoom);
  context.imageSmoothingEnabled = false;
  context.setTransform(a, b, c, d, canvas.width / 2, canvas.height / 2);
  context.drawImage(pixels, -frame.centre[0], -frame.centre[1]);
  context.setTransform(density, 0, 0, density, 0, 0);
  context.strokeStyle = context.fillStyle = inverted ? "#8a4f00" : "#f5a623";
  context.shadowColor = inverted ? "#fff" : "#000";
  context.shadowBlur = 3 * density;
  markCentre(context, side);
  markScale(context, side, frame, zoom / density);
  return true;
}

function greyPixels(levels: Int16Array, inverted: boolean): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(levels.length * 4);
  levels.forEach((level, i) => {
    rgba.fill(inverted ? 255 - level : level, 4 * i, 4 * i + 3);
    rgba[4 * i + 3] = level < 0 ? 0 : 255; // blank pixels let the ground through
  });
  return rgba;
}

/** Two ticks, right and above of the centre, that leave it free. */
function markCentre(context: CanvasRenderingContext2D, side: number): void {
  const middle = side / 2;
  const [from, to] = [side * 0.08, side * 0.2];
  context.beginPath();
  context.moveTo(middle + from, middle);
  context.lineTo(middle + to, middle);
  context.moveTo(middle, middle - from);
  context.lineTo(middle, middle - to);
  context.lineWidth = 1.5;
  context.stroke();
}

function markScale(
  context: CanvasRenderingContext2D,
  side: number,
  { arcsecPerPixel }: SkyFrame,
  cssPixelsPerPixel: number,
): void {
  if (arcsecPerPixel === null) return;
  const cssPixelsPerArcsec = cssPixelsPerPixel / arcsecPerPixel;
  const arcsec = scaleBarArcsec(side / cssPixelsPerArcsec);
  const length = arcsec * cssPixelsPerArcsec;
  context.font = "10px system-ui, sans-serif";
  context.fillRect(4, side - 5, length, 1.5);
  context.fillText(`${arcsec}″`, 4, side - 8);
}
