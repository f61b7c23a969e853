// What an operator should do about a parked message, by why it was parked.

const advice = (() => {
  const itself = 'Nothing: it is tried again by itself, with growing pauses. Replay it once the cause is gone, to save the wait.';
  const byReason = {
    ParkedBehind: 'Nothing: it waits for an earlier message of its order.',
    DeliveredTooOften: itself,
    Transient: `${itself} If it lasts, look at the provider or the store that is named here.`,
    PendingAtProvider: 'Nothing: the provider has not decided yet. It is asked again by itself, and nothing is sent anew.',
    UnusableAnswer: 'Mend what the provider complains about: an address, an API key, its settings. Then replay; it also goes on by itself.',
    DeadLetteredByBroker: itself,
    UnknownType: 'Finish the release: this version does not know the message. It is tried again by itself.',
    Unreadable: 'Inspect it. If its sender cannot be mended, discard it, then cancel the order.',
    HandlerFailed: 'Find the error in the log, by the trace; mend it, then replay. If it can never be handled, discard it, then cancel the order.',
    StreamTooLarge: 'Its order repeats itself: find out who sends so much. Discard the message, then cancel the order.',
  };
  const undoing = 'If the step was done outside (money sent back by transfer, parcel stopped by phone), settle it by hand.';

  const refused = 'Renew the key: the provider refuses ours. It then goes on by itself.';

  const of = ({ reason, status, failed }) =>
    [
      [401, 403].includes(failed?.status) ? refused : (byReason[reason] ?? itself),
      ['Cancelling', 'Rejecting'].includes(status) && undoing,
    ]
      .filter(Boolean)
      .join(' ');

  return { of };
})();
