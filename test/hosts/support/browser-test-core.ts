import { runCoreProcess } from '../../../electron/core/serving/core-process.ts';
import { processLink } from '../../../electron/host-browser/core-child-link.ts';
import { startTestCore } from './test-core.ts';

/** The core process of the browser host's own tests. */
runCoreProcess(processLink(), startTestCore);
