import type { ComponentChildren, JSX } from 'preact';

interface IconProps {
  children: ComponentChildren;
  fill?: string;
  stroke?: string;
  /** It points in the reading direction, so it is mirrored in right-to-left languages. */
  mirrored?: boolean;
}

/** Our line icons on a 24-unit grid, in the surrounding text's colour. They always accompany text, so readers skip them. */
function Icon({ children, mirrored = false, ...rest }: IconProps) {
  return (
    <svg
      class={mirrored ? 'icon icon-mirrored' : 'icon'}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
      {...rest}
    >
      {children}
    </svg>
  );
}

interface Look {
  mirrored?: boolean;
  circle?: readonly [x: number, y: number, r: number];
}

/* @__NO_SIDE_EFFECTS__: so that a page contains only the icons it uses. */
function icon(d: string, { mirrored = false, circle }: Look = {}): () => JSX.Element {
  const [cx, cy, r] = circle ?? [];
  return () => (
    <Icon mirrored={mirrored}>
      {circle && <circle cx={cx} cy={cy} r={r} />}
      <path d={d} />
    </Icon>
  );
}

export const IconKeypad = () => (
  <Icon fill="currentColor" stroke="none">
    {KEYS.map(([x, y]) => (
      <circle key={`${x} ${y}`} cx={x} cy={y} r="1.8" />
    ))}
  </Icon>
);
const KEYS = [3, 9, 15].flatMap((y) => [6, 12, 18].map((x) => [x, y] as const)).concat([[12, 21]]);
export const IconFace = icon(
  'M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M9 9.5v.8M15 9.5v.8M12 9.5v3.2l-1 .8M9 15.6c1.8 1.4 4.2 1.4 6 0',
);
export const IconCheck = icon('m5 12.5 4.6 4.6L19.5 7');
export const IconIn = icon('M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M4 12h11M11 8l4 4-4 4', { mirrored: true });
export const IconOut = icon('M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M10 12h11M17 8l4 4-4 4', { mirrored: true });
export const IconRepeat = icon('M12 7.5V12l3 2', { circle: [12, 12, 8.5] });
export const IconShield = icon(
  'M12 3.5 5 6v5.4c0 4.2 2.9 7.4 7 9.1 4.100-1.700 7-4.900 7-9.100V6zM9 12l2.200 2.200L15.200 10',
);
export const IconLock = icon(
  'M7 11h10a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-10a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2zM8 11V8a4 4 0 0 1 8 0v3',
);
export const IconStaff = icon('M5 20c.6-3.600 3.400-5.600 7-5.600s6.400 2 7 5.600', { circle: [12, 8, 3.6] });
export const IconBack = icon('M19 12H5M11 6l-6 6 6 6', { mirrored: true });
/** The left of the screen in all languages: the direction in which to turn the head. */
export const IconLeft = icon('M20 12H4M11 5l-7 7 7 7');
export const IconErase = icon('M9 5h11v14H9l-6-7zM12.500 9.500l5 5M17.500 9.500l-5 5', { mirrored: true });
export const IconShift = icon('M12 4 5 11.500h4V19h6v-7.500h4z');
export const IconCameraOff = icon(
  'M4 4l16 16M9.500 5.500h5L16 8h3a1.500 1.500 0 0 1 1.500 1.500V17M17 19.500H5A1.500 1.500 0 0 1 3.500 18V9.500A1.500 1.500 0 0 1 5 8h2M14.800 14.800a3.500 3.500 0 0 1-4.700-4.700',
);
export const IconCloudOff = icon(
  'M4 4l16 16M8 8a5 5 0 0 0-1.500.400A4.900 4.900 0 0 0 7.500 18H17M19.600 16.600A3.900 3.900 0 0 0 17.500 10a5.500 5.500 0 0 0-6.800-4.300',
);
export const IconUpdate = icon('M12 4v10M8 10.5l4 4 4-4M5 15v3a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-3');
export const IconAlert = icon('M12 4 2.800 20h18.400zM12 10v4.500M12 17.400v.1');
export const IconInfo = icon('M12 11v5M12 8v.1', { circle: [12, 12, 8.5] });
export const IconSound = icon(
  'M4 9.500h3.500L12 5.500v13l-4.500-4H4zM15.500 9a4 4 0 0 1 0 6M18 6.500a7.600 7.600 0 0 1 0 11',
  { mirrored: true },
);
export const IconMute = icon('M4 9.500h3.500L12 5.500v13l-4.500-4H4zM16 9.500l5 5M21 9.500l-5 5');
export const IconSearch = icon('m16 16 4.500 4.500', { circle: [11, 11, 6.5] });
export const IconAddPerson = icon('M3 20c.6-3.600 3.400-5.600 7-5.600 1.600 0 3 .400 4.200 1.100M18 14v6M15 17h6', {
  circle: [10, 8, 3.6],
});
export const IconTrash = icon('M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13M10.500 11v5.500M13.500 11v5.500');
export const IconQr = icon(
  'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500H14zM20 14v2M17.500 20H14M20 19v1M18 17v1',
);
export const IconBadge = icon(
  'M8 6.5h8a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2v-10a2 2 0 0 1 2-2zM12 3v5M9.500 17.500c.300-1.500 1.200-2.300 2.500-2.300s2.200.800 2.500 2.300',
  { circle: [12, 12, 1.6] },
);
export const IconDisplay = icon('M5 9c4.700 1.200 9.300 1.200 14 0M12 10v4.500M12 14.500 9 20M12 14.500l3 5.500', {
  circle: [12, 4.8, 1.6],
});
export const IconText = icon('M3 18 7.500 7 12 18M4.600 14.500h5.800M14 18l3-7.500 3 7.500M15 15.700h4');
export const IconContrast = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.500" />
    <path d="M12 3.500v17a8.500 8.500 0 0 0 0-17z" fill="currentColor" />
  </Icon>
);
export const IconLow = icon('M5 20h14M12 4v11M7.500 10.500 12 15l4.500-4.500');
export const IconClose = icon('M6 6l12 12M18 6L6 18');
export const IconMenu = icon('M4 7h16M4 12h16M4 17h16');
export const IconBoard = icon('M4 5h16v11H4zM9 20h6M12 16v4M7.5 12l2.5-3 2.5 2 3.5-4');
export const IconPeople = icon(
  'M3 19c.500-3.2 2.9-5 6-5s5.5 1.8 6 5M15.5 5.600a3.2 3.2 0 0 1 0 5.800M17.5 14.300c1.9.700 3.2 2.3 3.5 4.7',
  { circle: [9, 8.5, 3.2] },
);
export const IconExit = icon('M13 4H5v16h8M17 8l4 4-4 4M21 12H9');
export const IconList = icon('M9 6h11M9 12h11M9 18h11M4.5 6v.1M4.5 12v.1M4.5 18v.1');
export const IconRepair = icon('M4 20l1-4L16.5 4.500l3 3L8 19zM14 7l3 3');
export const IconSettings = icon('M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4');
export const IconCalendar = icon('M4 6.500h16V20H4zM4 10.500h16M8 3.500v4M16 3.500v4');
export const IconChart = icon('M4 4v16h16M8.5 16v-4M12.5 16V8M16.5 16v-6');
export const IconDownload = icon('M12 4v11M7.5 11l4.5 4.5 4.5-4.500M4 19.500h16');
export const IconPrint = icon('M7 9V4h10v5M7 16H4V9h16v7h-3M7 13.500h10V20H7z');
export const IconKey = icon('M11 12.500L20 4M16.5 7.500l2.5 2.5', { circle: [8, 15.5, 4] });
export const IconEye = icon(
  'M2.5 12C5 7.500 8.300 5.500 12 5.500s7 2 9.500 6.500c-2.500 4.500-5.800 6.500-9.500 6.500S5 16.500 2.500 12z',
  {
    circle: [12, 12, 2.8],
  },
);
export const IconKiosk = icon('M7 3h10v13H7zM12 16v5M8 21h8');
export const IconRollout = icon('M12 3v11M7.500 7.500L12 3l4.500 4.500M4 14v6h16v-6');
