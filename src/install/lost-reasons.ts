/** What follows when a process does without a field that its container had. */
export const reasons: Readonly<Record<string, string>> = {
  build: 'nothing is built: install what it needs there',
  cap_add: 'it has the rights of its user',
  configs: 'they are not mounted: name the files themselves',
  dns: 'it asks the name servers of this machine',
  extra_hosts: 'it knows the names that this machine knows',
  image: 'it runs with the programs of this machine',
  logging: 'see `daruma logs`; `logging: { max_size, max_files }` limits it',
  network_mode: 'it runs in the network of this machine',
  networks: 'it runs in the network of this machine',
  privileged: 'it has the rights of its user',
  read_only: 'it may write where its user may',
  secrets: '/run/secrets is not there: name the files themselves',
  tmpfs: 'it uses the directories of this machine',
  ulimits: 'it has the limits of Daruma itself',
  volumes: 'it sees the directories of this machine under their own paths',
};
