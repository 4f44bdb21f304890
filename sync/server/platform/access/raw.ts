/** Content type of a file as it is: one that a form of another page can't send. */
export const RAW_TYPE = 'application/octet-stream';
