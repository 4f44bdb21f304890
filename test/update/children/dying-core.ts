/** A core that starts, works for a moment and dies. */
const send = process.send!.bind(process) as (...message: unknown[]) => boolean;
process.send = (...message: unknown[]) => {
  if ((message[0] as { type?: unknown }).type === 'ready') setTimeout(() => process.exit(7), 2_500);
  return send(...message);
};
await import('../../../electron/host-browser/core-child.ts');

export {};
