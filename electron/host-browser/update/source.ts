import type { BuildFacts } from '../../../sync/protocol/wire/release.ts';

/** A build that a source has, authenticated with all that is said of it. */
export interface FoundBuild {
  /** Its target path. */
  readonly path: string;
  readonly facts: BuildFacts;
  /** Size of its archive. */
  readonly bytes: number;
}

/** Where builds come from: the server or a mirror over the network, or a USB stick. What comes out of it is authenticated. */
export interface BuildSource {
  /** Every build that is published now. */
  builds(): Promise<readonly FoundBuild[]>;
  /** Bytes of this archive that an earlier try has left here. */
  here(build: FoundBuild): Promise<number>;
  /**
   * The whole archive in a file that nobody but the updater can write, verified.
   * @returns `moved`: bytes that had to come from elsewhere
   */
  download(build: FoundBuild, progress: (bytes: number) => void): Promise<{ path: string; moved: number }>;
  /** It is installed: the download may go. */
  forget(build: FoundBuild): Promise<void>;
  close(): Promise<void>;
}
