import { startCore } from '../core/core.ts';
import { runCoreProcess } from '../core/serving/core-process.ts';
import { utilityLink } from './utility-link.ts';

/** The core process of the Electron host; started as a utility process by the main process. */
runCoreProcess(utilityLink(process.parentPort), startCore);
