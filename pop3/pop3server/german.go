package pop3server

// german returns the engine's texts in German, by their English form. A test
// finds texts that are missing here, and those that are not used.
func german() map[string]string {
	return map[string]string{
		"ready":                     "bereit",
		"capabilities follow":       "Fähigkeiten folgen",
		"languages follow":          "Sprachen folgen",
		"language changed":          "Sprache gewechselt",
		"UTF-8 mode":                "UTF-8-Modus",
		"send PASS":                 "PASS senden",
		"begin TLS":                 "TLS beginnen",
		"maildrop has":              "Postfach hat",
		"messages":                  "Nachrichten",
		"octets":                    "Bytes",
		"unique-ids follow":         "eindeutige Kennungen folgen",
		"top of message follows":    "Anfang der Nachricht folgt",
		"message marked as deleted": "Nachricht zum Löschen vorgemerkt",
		"nothing done":              "nichts getan",
		"goodbye":                   "auf Wiedersehen",

		"unknown command":                              "unbekannter Befehl",
		"command not valid in this state":              "Befehl in diesem Zustand nicht erlaubt",
		"invalid arguments":                            "ungültige Argumente",
		"invalid characters":                           "ungültige Zeichen",
		"line too long":                                "Zeile zu lang",
		"line not ended by CRLF":                       "Zeile endet nicht mit CRLF",
		"invalid base64":                               "ungültiges Base64",
		"USER must come immediately before":            "USER muss unmittelbar vorausgehen",
		"malformed authentication exchange":            "fehlerhafte Anmeldung",
		"language not available":                       "Sprache nicht verfügbar",
		"no such message":                              "keine solche Nachricht",
		"mechanism not available":                      "Verfahren nicht verfügbar",
		"authentication cancelled":                     "Anmeldung abgebrochen",
		"authentication failed":                        "Anmeldung fehlgeschlagen",
		"temporary failure, try again later":           "vorübergehende Störung, bitte später erneut versuchen",
		"some deleted messages not removed":            "einige gelöschte Nachrichten wurden nicht entfernt",
		"TLS is active already":                        "TLS ist schon aktiv",
		"STLS must come before UTF8":                   "STLS muss vor UTF8 kommen",
		"passwords are taken under TLS only, use STLS": "Passwörter nur unter TLS, bitte STLS verwenden",
	}
}
