import { useEffect, useRef, useState } from "preact/hooks";
import { type FeedState, followFeed } from "./feed.ts";

/** The live feed, for as long as the page is seen. */
export function useFeed(): { feed: FeedState; retry: () => void } {
  const [feed, setFeed] = useState<FeedState>({ connection: { state: "connecting" } });
  const following = useRef<ReturnType<typeof followFeed>>(null);
  useEffect(() => {
    const follow = followFeed("/api/v1/live", setFeed);
    following.current = follow;
    // browsers open six connections to a host at most: pages that nobody sees must not hold them
    const onVisibility = () => (document.hidden ? follow.close() : follow.retry());
    addEventListener("online", follow.retry);
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      removeEventListener("online", follow.retry);
      document.removeEventListener("visibilitychange", onVisibility);
      follow.close();
    };
  }, []);
  return { feed, retry: () => following.current?.retry() };
}
