package inbound_test

import (
	"errors"
	"testing"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		facts inbound.Facts
		want  inbound.Verdict
	}{
		{inbound.Facts{Kind: directory.Deliverable}, inbound.Accept},
		{inbound.Facts{Kind: directory.Deliverable, OverQuota: true}, inbound.DeferOverQuota},
		{inbound.Facts{Kind: directory.NotOurs}, inbound.RefuseRelay},
		{inbound.Facts{Kind: directory.NotOurs, OverQuota: true}, inbound.RefuseRelay},
		{inbound.Facts{Kind: directory.Unknown}, inbound.RefuseNobody},
		{inbound.Facts{Kind: directory.Disabled, OverQuota: true}, inbound.RefuseDisabled},
	} {
		if got := inbound.Judge(c.facts); got != c.want {
			t.Errorf("%+v: verdict %d, want %d", c.facts, got, c.want)
		}
	}
}

func TestRecipient(t *testing.T) {
	t.Parallel()
	m := mailtest.NewModels(t, []mailtest.Account{
		{Address: "ann@example.test"},
		{Address: "full@example.test", Quota: 50},
		{Address: "gone@example.test", Disabled: true},
	},
		mailtest.Alias{Address: "list@example.test", Targets: []string{"full@example.test", "ann@example.test"}},
		mailtest.Alias{Address: "away@example.test", Targets: []string{"full@example.test", "x@far.test"}},
		mailtest.Alias{Address: "broken@example.test", Targets: []string{"nobody@example.test"}},
		mailtest.Alias{Address: "nick@example.test", Targets: []string{"full@example.test"}})
	d := &inbound.Doorkeeper{
		Directory: m.Directory,
		Delivery:  delivery.New(delivery.Options{Store: m.Store, Directory: m.Directory, Mail: m.Mail, Queue: m.Queue}),
	}
	for _, c := range []struct {
		to      string
		size    int64
		want    inbound.Verdict
		local   int
		foreign int
	}{
		{"ann@example.test", 1 << 40, inbound.Accept, 1, 0},
		{"ann+detail@example.test", 0, inbound.Accept, 1, 0},
		{"ANN@EXAMPLE.TEST", 0, inbound.Accept, 1, 0},
		{"nobody@example.test", 0, inbound.RefuseNobody, 0, 0},
		{"broken@example.test", 0, inbound.RefuseNobody, 0, 0},
		{"gone@example.test", 0, inbound.RefuseDisabled, 0, 0},
		{"x@far.test", 0, inbound.RefuseRelay, 0, 0},
		{"ann%example.test@far.test", 0, inbound.RefuseRelay, 0, 0},
		{"full@example.test", 0, inbound.Accept, 1, 0},
		{"full@example.test", 50, inbound.Accept, 1, 0},
		{"full@example.test", 51, inbound.DeferOverQuota, 1, 0},
		{"nick@example.test", 51, inbound.DeferOverQuota, 1, 0},
		{"list@example.test", 51, inbound.Accept, 2, 0},
		{"away@example.test", 51, inbound.Accept, 1, 1},
	} {
		found, got, err := d.Recipient(t.Context(), mailtest.Address(t, c.to), inbound.Asked{Size: c.size})
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want || len(found.Local) != c.local || len(found.Foreign) != c.foreign {
			t.Errorf("%s, %d bytes: verdict %d with %d local and %d foreign, want %d, %d, %d",
				c.to, c.size, got, len(found.Local), len(found.Foreign), c.want, c.local, c.foreign)
		}
	}
	if _, got, err := d.Recipient(t.Context(), address.Address{Local: "Postmaster"}, inbound.Asked{}); err != nil || got != inbound.Accept {
		t.Errorf("<Postmaster>: verdict %d, %v", got, err)
	}
}

func TestRecipientWithoutStore(t *testing.T) {
	t.Parallel()
	m := mailtest.NewModels(t, []mailtest.Account{{Address: "ann@example.test"}})
	d := &inbound.Doorkeeper{Directory: m.Directory}
	m.Store.Close()
	_, _, err := d.Recipient(t.Context(), mailtest.Address(t, "ann@example.test"), inbound.Asked{})
	if err == nil {
		t.Error("a store that does not answer is no verdict")
	}
	if errors.Is(err, directory.ErrNotFound) {
		t.Errorf("the error looks as if nobody had the address: %v", err)
	}
}
