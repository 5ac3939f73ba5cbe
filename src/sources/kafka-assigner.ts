import type {
  ClusterMetadata,
  ExtendedGroupProtocolSubscription,
  GroupAssignment,
  GroupPartitionsAssignments,
} from "@platformatic/kafka";

/**
 * Shares partitions out among the members that subscribe to their topic, as evenly as that allows.
 * The client's own assigner gives every member partitions of the leader's topics and of no others:
 * members with other topics starve, and get alerts of surveys that are not theirs.
 */
export function assignSubscribed(
  _current: string,
  members: ReadonlyMap<string, ExtendedGroupProtocolSubscription>,
  _topics: unknown,
  metadata: Pick<ClusterMetadata, "topics">,
): GroupPartitionsAssignments[] {
  const shares = [...members].map(([memberId, { topics }]) => ({
    memberId,
    topics: new Set(topics),
    count: 0,
    assignments: new Map<string, GroupAssignment>(),
  }));
  const topics = [...new Set(shares.flatMap((share) => [...share.topics]))].sort();
  for (const topic of topics) {
    const readers = shares.filter((share) => share.topics.has(topic));
    for (
      let partition = 0;
      partition < (metadata.topics.get(topic)?.partitionsCount ?? 0);
      partition++
    ) {
      const share = readers.reduce((least, one) => (one.count < least.count ? one : least));
      share.count++;
      const assigned = share.assignments.get(topic);
      if (assigned) assigned.partitions.push(partition);
      else share.assignments.set(topic, { topic, partitions: [partition] });
    }
  }
  return shares.map(({ memberId, assignments }) => ({ memberId, assignments }));
}
