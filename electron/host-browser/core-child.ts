import { startCore } from '../core/core.ts';
import { runCoreProcess } from '../core/serving/core-process.ts';
import { processLink } from './core-child-link.ts';

/** The core process of the browser host; started by `forkCore`, never by hand. */
runCoreProcess(processLink(), startCore);
