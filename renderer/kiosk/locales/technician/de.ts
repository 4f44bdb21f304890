export const deTechnician = {
  title: 'Technik',
  code: 'Code Ihrer App',
  gate: 'Sechs Ziffern Ihrer Authenticator-App oder zehn von Ihrem Papier.',
  clockNote:
    'Uhr dieses Geräts: {{time}}. Weicht sie um mehr als eine halbe Minute von der Ihres Telefons ab, passt nur ein Code vom Papier.',
  wrong: 'PIN oder Code stimmt nicht, oder der Code wurde schon benutzt. Warten Sie auf den nächsten.',
  leave: 'Verlassen',
  who: 'Technik: {{name}}',
  build: 'Stand',
  machine: 'Maschine',
  version: 'Version',
  commit: 'Commit',
  current: 'Läuft',
  previous: 'Stand davor',
  trial: 'auf Probe',
  noSlots: 'Hier sind keine Stände installiert',
  uptime: 'Läuft seit',
  hours: '{{number}} h',
  minutes: '{{number}} min',
  queued: 'Noch nicht gesendete Einträge',
  photos: 'Noch nicht gesendete Fotos',
  disk: 'Datenträger',
  diskOf: '{{free}} von {{total}} frei',
  temperature: 'Temperatur',
  noSensor: 'Kein Fühler',
  unknown: 'Unbekannt',
  cameras: {
    ok: 'In Ordnung',
    starting: 'Startet',
    off: 'Gerade nicht gebraucht',
    none: 'Keine gefunden',
    busy: 'Von einem anderen Programm belegt',
    denied: 'Nicht erlaubt',
    unplugged: 'Abgezogen',
    broken: 'Defekt',
    frozen: 'Liefert keine Bilder',
    covered: 'Verdeckt',
    blind: 'Findet keine Gesichter',
    unknown: 'Unbekannt',
  },
  task: {
    restart: 'Kiosk-Software neu starten',
    reboot: 'Maschine neu starten',
    update: 'Update vom USB-Stick',
    login: 'Anmeldung öffnen',
  },
  taskHint: {
    restart: 'Bildschirm und Programm starten neu; Einträge bleiben',
    reboot: 'Die ganze Maschine startet neu; etwa zwei Minuten',
    update: 'Nur signierte Stände, aus einem Ordner smartpresence-updates',
    login: 'Ein Terminal an Stelle des Kiosks, höchstens eine halbe Stunde',
  },
  ask: {
    restart: 'Das Gerät ist binnen einer halben Minute wieder da. Nichts Eingetragenes geht verloren.',
    reboot:
      'Die Maschine fährt herunter und startet neu. Solange kann sich niemand anmelden. Nichts Eingetragenes geht verloren.',
    update:
      'Starten Sie, und stecken Sie den Stick binnen zwei Minuten ein. Davon wird der neueste Stand genommen, den die Release-Schlüssel signiert haben. Das Gerät startet in ihn neu, sobald niemand den Bildschirm berührt, und kehrt von selbst zurück, wenn er nicht funktioniert.',
    login:
      'Das Terminal verlangt das Passwort eines Kontos dieser Maschine. Der Kiosk kommt wieder, wenn Sie sich abmelden, oder nach einer halben Stunde.',
  },
  yes: {
    restart: 'Jetzt neu starten',
    reboot: 'Maschine jetzt neu starten',
    update: 'Starten',
    login: 'Jetzt öffnen',
  },
  done: {
    restart: 'Der Kiosk startet neu.',
    reboot: 'Die Maschine startet neu.',
    login: 'Die Maschine öffnet die Anmeldung.',
    update: 'Begonnen.',
  },
  cancel: 'Abbrechen',
  notHere: {
    'not-a-kiosk-image':
      'Hier nicht: Diese Maschine wurde nicht vom Installationsprogramm als Kiosk eingerichtet, deshalb hört nichts auf ihr auf den Kiosk.',
    'not-installed': 'Hier nicht: Dieser Kiosk wurde aus einem Ordner gestartet, und nichts installiert Stände.',
    'nobody-restarts': 'Hier nicht: Nichts würde den Kiosk wieder starten.',
  },
  stick: {
    stick: 'Stecken Sie den Stick ein. Es wird noch {{time}} gewartet.',
    preparing: 'Version {{version}} wird geprüft und entpackt: {{percent}} %',
    preparingAny: 'Ein Stand wird geprüft und entpackt.',
    ready:
      'Version {{version}} ist bereit. Das Gerät startet in sie neu, wenn einige Sekunden lang niemand den Bildschirm berührt.',
    refused: 'Das Update wurde abgelehnt.',
  },
  refusal: {
    'update-no-stick':
      'Kein Stick mit einem Ordner smartpresence-updates wurde gefunden. Stecken Sie einen ein, und starten Sie noch einmal.',
    'update-none': 'Auf dem Stick ist kein neuerer Stand als dieser. Es ist nichts zu tun.',
    'update-taken-back': 'Der neuere Stand auf dem Stick wurde vom Server zurückgenommen. Warten Sie auf den nächsten.',
    'update-unsigned':
      'Was auf dem Stick ist, ist nicht von den Release-Schlüsseln signiert. Machen Sie den Stick neu.',
    'update-rollback': 'Der Stick ist älter als das, was dieses Gerät schon gesehen hat. Machen Sie den Stick neu.',
    'update-mixed': 'Die Dateien auf dem Stick gehören nicht zusammen. Machen Sie den Stick neu.',
    'update-expired':
      'Was auf dem Stick ist, ist abgelaufen, oder die Uhr des Geräts geht falsch. Machen Sie den Stick neu.',
    'update-incomplete': 'Auf dem Stick fehlen Dateien. Machen Sie den Stick neu.',
    'update-unreachable': 'Der Stick lässt sich nicht lesen. Nehmen Sie einen anderen.',
    'update-wrong-software': 'Auf dem Stick ist andere Software.',
    'update-wrong-platform': 'Auf dem Stick ist kein Stand für diese Art Maschine.',
    'update-backwards': 'Der Stand auf dem Stick ist nicht neuer als dieser.',
    'update-disk-full': 'Auf dem Datenträger ist nicht genug Platz. Schaffen Sie Platz, und starten Sie noch einmal.',
    'update-archive-bad': 'Der Stand auf dem Stick ist beschädigt. Machen Sie den Stick neu.',
    'update-build-damaged':
      'Der entpackte Stand ist beschädigt. Starten Sie noch einmal; geschieht es wieder, prüfen Sie den Datenträger.',
    'update-target-wrong': 'Eine Datei auf dem Stick ist nicht die signierte. Machen Sie den Stick neu.',
    'update-no-trust':
      'Dieses Gerät hat keine Release-Schlüssel, denen es vertraut. Installieren Sie es neu mit seinem Installationsprogramm.',
    'update-store-newer':
      'Der Stand auf dem Stick kann die Einträge dieses Geräts nicht lesen. Nehmen Sie einen neueren.',
    'update-on-trial': 'Ein anderes Update ist noch auf Probe. Warten Sie, bis es entschieden ist.',
    'update-under-way': 'Ein Update läuft schon. Warten Sie, bis es beendet ist.',
    'update-updater-silent': 'Der Updater antwortet nicht. Starten Sie die Maschine neu, und beginnen Sie noch einmal.',
    'machine-silent':
      'Die Maschine hat nicht aufgenommen, worum sie gebeten wurde. Prüfen Sie, ob smartpresence-technician.path läuft.',
    'machine-unreachable':
      'Die Maschine lässt sich um nichts bitten. Prüfen Sie /var/lib/smartpresence/machine auf ihrem Datenträger.',
    other: 'Es wurde abgelehnt ({{code}}):',
  },
} as const;
