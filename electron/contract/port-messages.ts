/**
 * What page, preload and main process of the Electron host say to each other about a connection, and that the page is to be
 * printed; nothing else crosses the preload. The page asks, and a MessagePort comes back, or the word that there is none.
 */
export const ASK_PORT = 'smartpresence:ask-port';
export const GIVE_PORT = 'smartpresence:port';
/** The core is gone or not ready; a port's own close event does not fire for every kind of crash. */
export const PORT_CLOSED = 'smartpresence:port-closed';
/** The page as it is, to the default printer, without a dialog. */
export const ASK_PRINT = 'smartpresence:print';
