export interface ChromiumPlan {
  readonly mode: 'kiosk' | 'headless';
  /** The loopback server's origin, the only address this browser may reach. */
  readonly origin: string;
  /** The bootstrap page. Its path may be in argv, since the token is in the file, which only this user can read. */
  readonly enterFile: string;
  readonly profile: string;
  readonly demo: boolean;
  readonly sandbox: boolean;
  /** Footage instead of a camera (.mjpeg or .y4m, absolute path); only in a demo. */
  readonly footage: string | null;
}

/**
 * Returns Chromium's command line. The page's CSP already forbids outside requests. The rules below keep the browser itself
 * from making any: no name resolves, and everything but the kiosk's own origin goes to a proxy that does not exist.
 */
export function chromiumArgs(plan: ChromiumPlan): string[] {
  const authority = new URL(plan.origin).host;
  return [
    `--user-data-dir=${plan.profile}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-breakpad',
    '--disable-crash-reporter',
    '--disable-domain-reliability',
    '--disable-client-side-phishing-detection',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-search-engine-choice-screen',
    '--disable-field-trial-config',
    `--disable-features=${FEATURES_OFF.join(',')}`,
    '--no-pings',
    '--metrics-recording-only',
    '--check-for-update-interval=31536000',
    '--password-store=basic',
    '--disk-cache-size=33554432',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--proxy-server=http://127.0.0.1:9',
    `--proxy-bypass-list=<-loopback>;${authority}`,
    '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--noerrdialogs',
    '--disable-session-crashed-bubble',
    '--hide-crash-restore-bubble',
    '--disable-pinch',
    '--overscroll-history-navigation=0',
    '--autoplay-policy=no-user-gesture-required',
    // MediaPipe processes frames with WebGL. Without a GPU that Chromium trusts, its software renderer has to do. Chromium calls
    // that unsafe for untrusted pages, and this browser shows none.
    '--enable-unsafe-swiftshader',
    // Prints to the default printer without a dialog, which nobody at a kiosk could answer. A headless browser can't print.
    ...(plan.mode === 'kiosk'
      ? ['--kiosk', '--start-fullscreen', '--kiosk-printing']
      : ['--headless=new', '--window-size=1080,1920']),
    // A demo may run in a container with a small /dev/shm, and where a browser sandbox can't be set up.
    ...(plan.demo ? ['--disable-dev-shm-usage'] : []),
    ...(plan.sandbox ? [] : ['--no-sandbox']),
    ...(plan.demo && plan.footage
      ? [
          '--use-fake-device-for-media-stream',
          '--use-fake-ui-for-media-stream',
          `--use-file-for-fake-video-capture=${plan.footage}`,
        ]
      : []),
    `file://${encodeURI(plan.enterFile)}`,
  ];
}

const FEATURES_OFF = [
  'Translate',
  'MediaRouter',
  'DialMediaRouteProvider',
  'OptimizationHints',
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'InterestFeedContentSuggestions',
  'PrivacySandboxSettings4',
  'WebOTP',
];

/**
 * Returns the profile's preferences, written before Chromium starts. They grant the camera, and only that, to the kiosk's
 * origin. The alternatives are worse: `--use-fake-ui-for-media-stream` grants everything to everyone, including the
 * microphone, and a managed policy needs root and a port that is known when the machine is set up.
 */
export function chromiumPreferences(origin: string): object {
  return {
    profile: {
      default_content_setting_values: {
        media_stream_mic: 2,
        media_stream_camera: 2,
        geolocation: 2,
        notifications: 2,
        popups: 2,
      },
      content_settings: { exceptions: { media_stream_camera: { [`${origin},*`]: { setting: 1 } } } },
      password_manager_enabled: false,
    },
    credentials_enable_service: false,
    autofill: { profile_enabled: false, credit_card_enabled: false },
    safebrowsing: { enabled: false },
    search: { suggest_enabled: false },
    alternate_error_pages: { enabled: false },
    translate: { enabled: false },
    webrtc: {
      ip_handling_policy: 'disable_non_proxied_udp',
      multiple_routes_enabled: false,
      nonproxied_udp_enabled: false,
    },
    net: { network_prediction_options: 2 },
  };
}

/** Returns the part of the host's environment for Chromium: display, sound, printing, language. `HOME` is the profile's. */
export function chromiumEnv(env: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  const passed =
    /^(PATH|USER|LANG|LANGUAGE|LC_[A-Z]+|TZ|DISPLAY|XAUTHORITY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|XDG_SESSION_TYPE|PULSE_[A-Z]+|CUPS_SERVER)$/;
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => passed.test(name))), HOME: home };
}
