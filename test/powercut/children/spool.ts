/** Writes what a kiosk's core writes for updater and launcher: request or trial outcome. argv: root, request/verdict (JSON). */
import { decide, requestFile, writeShared } from '../../../electron/core/update/files.ts';
import { updateLayout } from '../../../electron/core/update/layout.ts';

const layout = updateLayout(process.argv[2]!);
const what = JSON.parse(process.argv[3]!);
if ('outcome' in what) decide(layout, what);
else writeShared(requestFile(layout), what);
