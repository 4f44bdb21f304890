import machine from 'node-machine-id';

/**
 * This machine's id (node-machine-id, hashed by it). Anybody on the machine can read it and cloned images share it: it
 * salts the key derivation so that a copied folder doesn't open elsewhere, and is never a key.
 */
export function machineId(): string {
  return machine.machineIdSync();
}
