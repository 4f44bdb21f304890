import { statements } from './statements.ts';

/**
 * The server's own keys in a schema of their own (backed up apart from the rest), shared by all replicas; one-time codes
 * for new kiosks; what else is known of a device's identity.
 */
export const identity = statements([
  `create schema keyring`,
  // One row: who this server is, and the number of its present set of public keys.
  `create table keyring.identity (
     one boolean primary key default true check (one),
     server_id uuid not null,
     key_check text not null,
     serial integer not null check (serial > 0))`,
  // Signing, sealing and CA keys. The private half is an envelope under the environment's keys; null once destroyed.
  `create table keyring.server_key (
     id text primary key,
     purpose text not null check (purpose in ('signing', 'sealing', 'ca')),
     serial integer not null check (serial > 0),
     public text not null,
     private bytea,
     cross_pem text,
     made_at timestamptz not null,
     retired_at timestamptz)`,
  // Certificates of listeners, by the names that they are for.
  `create table keyring.listener (
     purpose text not null check (purpose in ('devices', 'people')),
     hostnames text not null,
     cert_pem text not null,
     private bytea not null,
     primary key (purpose, hostnames))`,
  `alter table device
     add column csr text,
     add column fingerprint text,
     add column if not exists site uuid,
     add column url text,
     add column approved_at timestamptz,
     add column revoked_at timestamptz,
     add column cert_not_after timestamptz,
     add column cert_issuer text,
     add column provisioning_secret bytea,
     add column trusts text,
     add column sealed_to text`,
  // TLS keys that a device has asked a certificate for and not used yet.
  `create table device_tls_key (
     device uuid not null references device (id),
     key_hash text not null,
     added_at timestamptz not null,
     primary key (device, key_hash))`,
  `create table provisioning_code (
     hash bytea primary key,
     name text not null,
     site uuid,
     url text not null,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     used_at timestamptz,
     device uuid)`,
]);
