/**
 * The part of the host's environment that the core may see: paths, language, print service, and where a developer's Node keeps
 * compiled code; never a secret. None of our own variables: the core is given its folder, and the others include the staff PIN
 * and the database's address.
 */
const PASSED_ON =
  /^(PATH|HOME|USER|LANG|LC_[A-Z]+|TZ|TMPDIR|CUPS_SERVER|NODE_COMPILE_CACHE|XDG_(DATA|CONFIG|CACHE|STATE)_HOME|XDG_RUNTIME_DIR|TEMP|SystemRoot|APPDATA|LOCALAPPDATA)$/;

export function coreEnv(env: NodeJS.ProcessEnv): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && PASSED_ON.test(name)) passed[name] = value;
  return passed;
}
