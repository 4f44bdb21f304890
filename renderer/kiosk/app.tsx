import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { IconEye } from '../shared/icons.tsx';
import { t } from './i18n.ts';
import { type Kiosk, KioskContext, useKiosk } from './kiosk.ts';
import { Footer, TopBar } from './parts/frame.tsx';
import type { Route } from './route.ts';
import { CheckinScreen } from './screens/checkin.tsx';
import { Refused, Restarting } from './screens/core-trouble.tsx';
import { LightScreen } from './screens/light.tsx';
import { OtherMethodScreen } from './screens/other-method.tsx';
import { NumberScreen, PinScreen } from './screens/pin.tsx';
import { PresentScreen } from './screens/present.tsx';
import { PrivacyScreen } from './screens/privacy.tsx';
import { ResultScreen, VoidedScreen, WrongScreen } from './screens/result.tsx';
import { SetupScreen } from './screens/setup.tsx';
import type { StaffScreen } from './screens/staff/staff.tsx';

/** Shows one screen at a time. Trouble with the core takes precedence. */
export function App({ kiosk }: { kiosk: Kiosk }) {
  return (
    <KioskContext.Provider value={kiosk}>
      <Watched kiosk={kiosk} />
      <Screens kiosk={kiosk} />
    </KioskContext.Provider>
  );
}

/** Notice above every screen while the kiosk's screen is being watched. */
function Watched({ kiosk }: { kiosk: Kiosk }) {
  return (
    <div aria-live="polite">
      {kiosk.watched.value && (
        <p class="watched tone-warn">
          <IconEye />
          <span>{t('watched.now')}</span>
        </p>
      )}
    </div>
  );
}

function Screens({ kiosk }: { kiosk: Kiosk }) {
  const link = kiosk.link.state.value;
  if (link.kind === 'refused') return <Refused why={link.why} />;
  if (link.kind !== 'up') return <Restarting first={link.kind === 'connecting'} />;
  const setup = kiosk.link.status.value?.setup;
  if (setup)
    return (
      <div class="kiosk" data-at="setup">
        {setup.at === 'removed' ? <span /> : <TopBar />}
        <SetupScreen setup={setup} />
        <Footer guests={false} />
      </div>
    );
  const route = kiosk.route.value;
  // The stage stays mounted under a result, so that the picture is back the moment the result closes.
  const light = route.at === 'checkin' ? kiosk.visits.light.value : null;
  const lit = light !== null && light !== 'follow';
  const overlay = lit || route.at === 'result' || route.at === 'voided';
  return (
    <>
      <div
        class="kiosk"
        data-at={route.at}
        data-resting={kiosk.resting.value && route.at === 'checkin'}
        inert={overlay}
      >
        <TopBar />
        <Main route={route} />
        <Footer />
      </div>
      {lit && <LightScreen sequence={light} />}
      {route.at === 'result' && <ResultScreen receipt={route.receipt} />}
      {route.at === 'voided' && <VoidedScreen outcome={route.outcome} />}
    </>
  );
}

function Main({ route }: { route: Route }) {
  switch (route.at) {
    case 'checkin':
    case 'result':
    case 'voided':
      return <CheckinScreen />;
    case 'other-method':
      return <OtherMethodScreen {...route} />;
    case 'pin':
      return <PinScreen />;
    case 'number':
      return <NumberScreen />;
    case 'qr':
    case 'badge':
      return <PresentScreen method={route.at} />;
    case 'wrong':
      return <WrongScreen recent={route.recent} />;
    case 'privacy':
      return <PrivacyScreen />;
    case 'staff':
      return <Staff />;
  }
}

const staffScreen = signal<typeof StaffScreen | null>(null);

/** Staff's screens, which nobody else needs: loaded once the first screen is drawn, or earlier by code that needs them. */
export async function fetchStaffScreens(): Promise<void> {
  const { StaffScreen } = await import('./screens/staff/staff.tsx');
  staffScreen.value = StaffScreen;
}

function Staff() {
  const { home } = useKiosk();
  const Screen = staffScreen.value;
  useEffect(() => {
    if (!Screen) fetchStaffScreens().catch(home);
  }, [Screen, home]);
  return Screen ? <Screen /> : <main class="staff" aria-busy="true" />;
}
