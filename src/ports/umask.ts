/** Carries the umask of who started Daruma from the keeper to the launchers of instances: octal. */
export const umaskVariable = 'DARUMA_UMASK';
