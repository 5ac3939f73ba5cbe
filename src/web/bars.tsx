import { formatCount } from "./format.ts";

/** Counts as bars, the first one the longest. */
export function Bars({
  counts,
  hrefOf = () => null,
}: {
  counts: readonly (readonly [string, number])[];
  hrefOf?: (name: string) => string | null;
}) {
  return (
    <div class="bars">
      {counts.map(([name, count]) => {
        const href = hrefOf(name);
        return [
          href === null ? (
            <span key={name}>{name}</span>
          ) : (
            <a href={href} key={name}>
              {name}
            </a>
          ),
          <meter
            key={`${name} bar`}
            min={0}
            max={counts[0][1]}
            value={count}
            aria-label={`${name}: ${formatCount(count)}`}
          />,
          <span key={`${name} count`} class="number">
            {formatCount(count)}
          </span>,
        ];
      })}
    </div>
  );
}
