import { AssignerProtocol } from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';

const name = 'countersign-copartitioned';

/** Who reads what: partition p of every topic goes to member p mod members, members by name. Members leave no trace of what they had: the same members get the same partitions. */
export const assignTogether = (members: readonly string[], partitionsOf: ReadonlyMap<string, number>): Map<string, Record<string, number[]>> => {
  const sorted = [...members].sort();
  const result = new Map<string, Record<string, number[]>>(sorted.map((member) => [member, {}]));
  for (const [topic, partitions] of partitionsOf) {
    for (let partition = 0; partition < partitions; partition += 1) (result.get(sorted[partition % sorted.length]!)![topic] ??= []).push(partition);
  }
  return result;
};

/** kafkajs' own assigner deals partitions out one by one and separates those that belong together (FACTS 2). */
export const copartitioned: PartitionAssigner = ({ cluster }) => ({
  name,
  version: 0,
  assign: async ({ members, topics }) => {
    const partitionsOf = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
    return [...assignTogether(members.map(({ memberId }) => memberId), partitionsOf)].map(([memberId, assignment]) => ({
      memberId, memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) }),
    }));
  },
  protocol: ({ topics }) => ({ name, metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }),
});
