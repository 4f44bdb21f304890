export interface OpenedFile {
  /** Where the bytes begin: what was asked for, or 0 where the source can't begin in the middle. */
  readonly from: number;
  /** Length of the whole file, where the source says it. Not trusted. */
  readonly total: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Where updates come from: the server, a mirror, a stick. It is trusted with nothing: whatever it gives is bounded in
 * size and time, and taken only once TUF has authenticated it.
 */
export interface UpdateSource {
  /** For logs and problems: `server`, `mirror`, `usb`. */
  readonly name: string;
  /**
   * @param path relative to the repository, e.g. `metadata/timestamp.json`
   * @param from first byte wanted
   * @param signal gives the reading up, also after it began
   * @returns null: there is no such file
   * @throws Problem `update-unreachable`, `update-refused`, or what the way to the source says
   */
  open(path: string, options: { readonly from: number; readonly signal: AbortSignal }): Promise<OpenedFile | null>;
}
