/**
 * Messages between the page, the preload and the main process of the Electron host, about a connection and about printing the
 * page. Nothing else crosses the preload. The page asks for a port and receives a MessagePort, or a notice that there is none.
 */
export const ASK_PORT = 'smartpresence:ask-port';
export const GIVE_PORT = 'smartpresence:port';
/** The core has exited or is not ready. A port's own close event does not fire for every kind of crash. */
export const PORT_CLOSED = 'smartpresence:port-closed';
/** Prints the page as it is to the default printer, without a dialog. */
export const ASK_PRINT = 'smartpresence:print';
