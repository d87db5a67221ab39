/** topic_unknown, topic_partitions_differ, message_too_large, partition_wrong: the caller must change something. offset_out_of_range: the log forgot it. fenced: another member owns the partition. bus_not_authenticated, bus_not_trusted: the settings of the connection are wrong. */
export type BusErrorCode =
  | 'topic_unknown' | 'topic_partitions_differ' | 'message_too_large' | 'partition_wrong' | 'offset_out_of_range' | 'fenced' | 'bus_closed' | 'bus_not_authenticated' | 'bus_not_trusted';

export class BusError extends Error {
  readonly code: BusErrorCode;
  constructor(code: BusErrorCode, detail: string) {
    super(detail);
    this.name = 'BusError';
    this.code = code;
  }
}
