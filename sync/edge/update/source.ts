export interface OpenedFile {
  /** Offset of the first byte: the requested one, or 0 if the source can't start in the middle. */
  readonly from: number;
  /** Length of the whole file, if the source states it. Not trusted. */
  readonly total: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * A source of updates: the server, a mirror or a USB stick. It isn't trusted: everything it provides is limited in size and time,
 * and used only after TUF has authenticated it.
 */
export interface UpdateSource {
  /** For logs and problems: `server`, `mirror`, `usb`. */
  readonly name: string;
  /**
   * @param path relative to the repository, e.g. `metadata/timestamp.json`
   * @param from first byte to read
   * @param signal aborts the reading, also after it has started
   * @returns null if there is no such file
   * @throws Problem `update-unreachable`, `update-refused`, or an error of the connection to the source
   */
  open(path: string, options: { readonly from: number; readonly signal: AbortSignal }): Promise<OpenedFile | null>;
}
