import { type ComponentChild, render } from "preact";
import type { Answer } from "./use-json.ts";
import { Empty } from "./text.tsx";

/**
 * Shows what came of a question: the old answer stays while a new one is asked for, a failure
 * offers a retry.
 */
export function Answered<T>({
  answer,
  retry,
  waiting,
  children,
}: {
  answer: Answer<T>;
  retry: () => void;
  waiting: string;
  children: (data: T) => ComponentChild;
}) {
  const failed = answer.state === "failed" && (
    <p class="failed" role="alert">
      ✗ {answer.problem}{" "}
      <button type="button" onClick={retry}>
        Try again
      </button>
    </p>
  );
  return (
    <>
      {failed}
      {answer.data !== undefined
        ? children(answer.data)
        : answer.state === "loading" && <Empty>{waiting} …</Empty>}
    </>
  );
}

/** `2026-09-14` of 20260914. */
export function nightText(night: number): string {
  const text = String(night);
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
}

/** Puts a page into the document. */
export function show(page: preact.JSX.Element): void {
  render(page, document.body);
}
