const circle = "M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0 -8";

/**
 * Marker shapes of Rubin's bands in a 10 × 10 box; ZTF's g, r, i take those of the same name. Their
 * colours are in style.css.
 */
const shapes: Record<string, string> = {
  u: circle,
  g: "M5 1L9.3 8.6H.7Z",
  r: "M5 9L9.3 1.4H.7Z",
  i: "M1.3 1.3H8.7V8.7H1.3Z",
  z: "M5 .6L6.2 3.7L9.5 3.9L7 6L7.8 9.2L5 7.4L2.2 9.2L3 6L.5 3.9L3.8 3.7Z",
  y: "M5 .8L9.3 3.9L7.6 9H2.4L.7 3.9Z",
};

/** A ring around a minus sign, in a 10 × 10 box. */
export const negativeShape = `${circle}M2.8 5H7.2`;

/** Path of the band's marker in a 10 × 10 box; a circle for bands of other surveys. */
export function bandShape(name: string): string {
  return shapes[name] ?? circle;
}

export function Band({ name }: { name: string }) {
  const shape = shapes[name];
  return (
    <span class="band" title={`Band ${name}`}>
      {shape && (
        <svg class={`band-${name}`} viewBox="0 0 10 10" aria-hidden="true">
          <path d={shape} />
        </svg>
      )}
      {name}
    </span>
  );
}
