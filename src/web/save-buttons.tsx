import { savePng, saveSvg } from "./save.ts";

/** Gives a picture as a file of vectors or of pixels. */
export function SaveButtons({
  svg,
  name,
}: {
  svg: { readonly current: SVGSVGElement | null };
  name: string;
}) {
  return (
    <>
      <button type="button" onClick={() => svg.current && saveSvg(svg.current, name)}>
        SVG
      </button>
      <button type="button" onClick={() => svg.current && void savePng(svg.current, name)}>
        PNG
      </button>
    </>
  );
}
