export const deTechnician = {
  title: 'Technik',
  code: 'Code aus Ihrer App',
  gate: '6 Ziffern aus Ihrer Authenticator-App oder ein 10-stelliger Code auf Papier.',
  clockNote:
    'Uhr dieses Kiosks: {{time}}. Weicht sie um mehr als eine halbe Minute von Ihrem Handy ab, funktioniert nur ein Code auf Papier.',
  wrong: 'PIN oder Code ist falsch, oder der Code wurde bereits verwendet. Warten Sie auf den nächsten.',
  leave: 'Verlassen',
  who: 'Technik: {{name}}',
  build: 'Build',
  machine: 'Gerät',
  version: 'Version',
  commit: 'Commit',
  current: 'Läuft',
  previous: 'Vorheriger Build',
  trial: 'auf Probe',
  noSlots: 'Nicht als Build installiert',
  uptime: 'Betriebszeit',
  hours: '{{number}} h',
  minutes: '{{number}} min',
  queued: 'Nicht gesendete Einträge',
  photos: 'Nicht gesendete Fotos',
  disk: 'Festplatte',
  diskOf: '{{free}} von {{total}} frei',
  temperature: 'Temperatur',
  noSensor: 'Kein Sensor',
  unknown: 'Unbekannt',
  cameras: {
    ok: 'Funktioniert',
    starting: 'Wird gestartet',
    off: 'Gerade nicht nötig',
    none: 'Keine gefunden',
    busy: 'Von einem anderen Programm verwendet',
    denied: 'Zugriff gesperrt',
    unplugged: 'Getrennt',
    broken: 'Antwortet nicht',
    frozen: 'Kein Bild',
    covered: 'Verdeckt',
    blind: 'Findet keine Gesichter',
    unknown: 'Unbekannt',
  },
  task: {
    restart: 'Kiosk-Software neu starten',
    reboot: 'Gerät neu starten',
    update: 'Update vom USB-Stick',
    login: 'Terminal öffnen',
  },
  taskHint: {
    restart: 'Bildschirm und Software starten neu; Einträge bleiben erhalten',
    reboot: 'Das ganze Gerät startet neu; etwa zwei Minuten',
    update: 'Nur signierte Builds, aus einem Ordner namens smartpresence-updates',
    login: 'Ein Terminal ersetzt den Kiosk für höchstens eine halbe Stunde',
  },
  ask: {
    restart: 'Der Kiosk ist nach spätestens einer halben Minute wieder da. Es gehen keine Einträge verloren.',
    reboot:
      'Das Gerät fährt herunter und startet neu. In dieser Zeit kann sich niemand anmelden. Es gehen keine Einträge verloren.',
    update:
      'Drücken Sie „Starten“, und stecken Sie den Stick innerhalb von zwei Minuten ein. Der Kiosk nimmt den neuesten Build, der mit den Release-Schlüsseln signiert ist. Er startet damit neu, sobald niemand den Bildschirm berührt, und kehrt von selbst zurück, wenn der neue Build nicht funktioniert.',
    login:
      'Das Terminal fragt nach dem Passwort eines Kontos auf diesem Gerät. Der Kiosk kommt zurück, wenn Sie sich abmelden, oder nach einer halben Stunde.',
  },
  yes: {
    restart: 'Jetzt neu starten',
    reboot: 'Gerät jetzt neu starten',
    update: 'Starten',
    login: 'Jetzt öffnen',
  },
  done: {
    restart: 'Der Kiosk wird neu gestartet.',
    reboot: 'Das Gerät wird neu gestartet.',
    login: 'Das Terminal wird geöffnet.',
    update: 'Gestartet.',
  },
  cancel: 'Abbrechen',
  notHere: {
    'not-a-kiosk-image':
      'Nicht verfügbar: Dieses Gerät wurde nicht mit dem Kiosk-Installer eingerichtet und reagiert daher nicht auf den Kiosk.',
    'not-installed':
      'Nicht verfügbar: Dieser Kiosk wurde aus einem Ordner gestartet und kann keine Builds installieren.',
    'nobody-restarts': 'Nicht verfügbar: Nichts würde den Kiosk wieder starten.',
  },
  stick: {
    stick: 'Stecken Sie den Stick ein. Es wird noch {{time}} gewartet.',
    preparing: 'Version {{version}} wird geprüft und entpackt: {{percent}} %',
    preparingAny: 'Ein Build wird geprüft und entpackt.',
    ready:
      'Version {{version}} ist bereit. Der Kiosk startet damit neu, sobald einige Sekunden lang niemand den Bildschirm berührt.',
    refused: 'Das Update wurde abgelehnt.',
  },
  updateError: {
    'update-no-stick':
      'Es wurde kein Stick mit einem Ordner namens smartpresence-updates gefunden. Stecken Sie einen ein, und starten Sie noch einmal.',
    'update-none': 'Auf dem Stick ist kein neuerer Build. Es ist nichts zu tun.',
    'update-taken-back':
      'Der Server hat den neueren Build auf dem Stick zurückgezogen. Warten Sie auf die nächste Version.',
    'update-unsigned':
      'Der Inhalt des Sticks ist nicht mit den Release-Schlüsseln signiert. Bereiten Sie den Stick neu vor.',
    'update-rollback': 'Der Stick ist älter als das, was dieser Kiosk bereits kennt. Bereiten Sie den Stick neu vor.',
    'update-mixed': 'Die Dateien auf dem Stick gehören nicht zusammen. Bereiten Sie den Stick neu vor.',
    'update-expired':
      'Der Inhalt des Sticks ist abgelaufen, oder die Uhr des Kiosks geht falsch. Prüfen Sie die Uhr, oder bereiten Sie den Stick neu vor.',
    'update-incomplete': 'Auf dem Stick fehlen Dateien. Bereiten Sie den Stick neu vor.',
    'update-unreachable': 'Der Stick lässt sich nicht lesen. Versuchen Sie einen anderen.',
    'update-wrong-software': 'Auf dem Stick ist andere Software. Verwenden Sie einen anderen Stick.',
    'update-wrong-platform': 'Auf dem Stick ist kein Build für diesen Gerätetyp.',
    'update-backwards': 'Der Build auf dem Stick ist nicht neuer als dieser.',
    'update-disk-full': 'Auf der Festplatte ist nicht genug Platz. Schaffen Sie Platz, und starten Sie noch einmal.',
    'update-archive-bad': 'Der Build auf dem Stick ist beschädigt. Bereiten Sie den Stick neu vor.',
    'update-build-damaged':
      'Der entpackte Build ist beschädigt. Starten Sie noch einmal. Tritt es wieder auf, prüfen Sie die Festplatte.',
    'update-target-wrong': 'Eine Datei auf dem Stick passt nicht zu ihrer Signatur. Bereiten Sie den Stick neu vor.',
    'update-no-trust':
      'Dieser Kiosk hat keine Release-Schlüssel zum Prüfen. Installieren Sie ihn mit dem Installer neu.',
    'update-store-newer':
      'Der Build auf dem Stick kann die Einträge dieses Kiosks nicht lesen. Verwenden Sie einen neueren.',
    'update-on-trial': 'Ein anderes Update ist noch auf Probe. Warten Sie, bis es entschieden ist.',
    'update-under-way': 'Es läuft bereits ein Update. Warten Sie, bis es fertig ist.',
    'update-updater-silent':
      'Der Updater antwortet nicht. Starten Sie das Gerät neu, und beginnen Sie dann noch einmal.',
    'machine-silent': 'Das Gerät hat nicht reagiert. Prüfen Sie, ob smartpresence-technician.path läuft.',
    'machine-unreachable':
      'Das Gerät ist nicht erreichbar. Prüfen Sie /var/lib/smartpresence/machine auf der Festplatte.',
    other: 'Abgelehnt ({{code}}):',
  },
} as const;
