package pop3session

import "testing"

func TestTranslations(t *testing.T) {
	t.Parallel()
	for _, text := range []string{textInUse, textTooEarly, textGone, textFull, textNoAccount, textNoMailbox, textDamaged, textNeedsUTF8} {
		if Translations()["de"][text] == "" {
			t.Errorf("no German for %q", text)
		}
	}
}
