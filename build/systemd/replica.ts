/** Makes `smartpresence-server@.service` from `smartpresence-server.service`, with per-replica name, ports, log and data. */
export const replicaUnit = (server: string): string =>
  server
    .replace(
      /^#.*/,
      '# One of several servers on this machine that share a PostgreSQL: `systemctl enable --now smartpresence-server@a`.',
    )
    .replace(/^Description=.*/m, '$&, replica %i')
    .replace(/^EnvironmentFile=.*/m, '$&\n# Ports of this replica.\nEnvironmentFile=/etc/smartpresence/server-%i.env')
    .replace(/(SERVER_HOME=\S+)/, '$1-%i SMARTPRESENCE_REPLICA=%i')
    .replace(/^(SyslogIdentifier|StateDirectory)=.*/gm, '$&-%i');
