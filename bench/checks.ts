/** Numbers that are held against a limit, where there is no peer. */

/** One of them. */
export interface Check {
  readonly case: string;
  readonly ours: number;
  readonly limit: number;
  readonly unit: string;
  readonly holds: boolean;
}
