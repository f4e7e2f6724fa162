package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// preview answers PREVIEW (RFC 8970): from the record, or else from the
// content, which a lazy client does not wait for.
func (f *fetcher) preview(ctx context.Context, e mailstore.Entry, m *mailstore.Message) error {
	if f.opts.Items&imap.FetchPreview == 0 {
		return nil
	}
	text, ok := m.Preview()
	if !ok && f.opts.LazyPreview {
		return nil
	}
	if !ok {
		if f.previews == nil {
			f.previews = f.view.at.account.PreviewMaker()
		}
		var err error
		if text, err = f.previews.Make(ctx, e, m); err != nil {
			return err
		}
		f.made++
	}
	f.answer.Preview = &text
	return nil
}

// keepPreviews has the previews kept that were made. The log says who asked for
// them, for it is work (RFC 8970 §8).
func (f *fetcher) keepPreviews(ctx context.Context) {
	if f.previews == nil {
		return
	}
	f.log.Debug("imap: previews made", "account", uint64(f.account.ID()), "count", f.made)
	if err := f.previews.Finish(ctx); err != nil {
		f.log.Warn("imap: previews are not kept", "err", err)
	}
}
