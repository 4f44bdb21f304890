/**
 * onnxruntime 1.30 keeps an identifier and a database of its use in the home folder, and sends them out over HTTPS, unless
 * `ORT_DISABLE_TELEMETRY` is set when its first session is made (seen with strace; there is no option in its API for Node). What
 * recognises faces reports it to nobody. Imported before `onnxruntime-node`, in the main thread: a worker's
 * environment is a copy that native code does not see.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
