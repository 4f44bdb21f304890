/**
 * The headers of every response to a kiosk page, in both hosts. The page fetches only from itself: one origin, no inline script,
 * no outside request of any kind. `wasm-unsafe-eval` lets MediaPipe compile its own wasm and nothing else. `'self'` in
 * connect-src covers the WebSocket of the same host and port (CSP level 3).
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-src 'none'",
  "frame-ancestors 'none'",
  // No windows or downloads. Forms are allowed: nothing but the page itself sees a submission. Printing counts as a modal; the
  // other modals (alert, confirm, prompt) are not used by our scripts.
  'sandbox allow-scripts allow-same-origin allow-forms allow-modals',
].join('; ');

/** Features that the page itself may use besides the camera: it plays its own sounds, fills the screen and keeps it on. */
const SELF_FEATURES: ReadonlySet<string> = new Set(['autoplay', 'fullscreen', 'screen-wake-lock']);

const PERMISSIONS_POLICY = [
  'camera=(self)',
  ...[
    'accelerometer',
    'autoplay',
    'bluetooth',
    'clipboard-read',
    'clipboard-write',
    'display-capture',
    'encrypted-media',
    'fullscreen',
    'geolocation',
    'gyroscope',
    'hid',
    'idle-detection',
    'local-fonts',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'picture-in-picture',
    'publickey-credentials-get',
    'screen-wake-lock',
    'serial',
    'usb',
    'web-share',
    'xr-spatial-tracking',
  ].map((feature) => `${feature}=${SELF_FEATURES.has(feature) ? '(self)' : '()'}`),
].join(', ');

/** Security headers, the same for pages, scripts, models and error responses. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'permissions-policy': PERMISSIONS_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-dns-prefetch-control': 'off',
};
