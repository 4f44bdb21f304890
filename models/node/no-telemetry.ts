/**
 * onnxruntime 1.30 stores an identifier and a usage database in the home folder and sends them over HTTPS, unless
 * `ORT_DISABLE_TELEMETRY` is set when its first session is created (observed with strace; its API for Node has no option). A face
 * recogniser must not report its use to anyone. Import this before `onnxruntime-node`, in the main thread: a worker's environment
 * is a copy that native code does not see.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
