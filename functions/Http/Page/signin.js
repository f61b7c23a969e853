// Signs an operator in with Entra ID, where the host names its registration: authorization code with PKCE, by MSAL (msal-browser.min.js).
// Tokens stay in this tab, and the API checks them as it checks any other.

(() => {
  const { clientId, authority } = byId('registration').dataset;
  const scopes = [`${clientId}/access`];
  const app = new msal.PublicClientApplication({
    auth: { clientId, authority, knownAuthorities: [new URL(authority).host], redirectUri: `${location.origin}/` },
    cache: { cacheLocation: 'sessionStorage' },
  });

  // Nothing is asked of the API before the answer of a sign-in is read from the address.
  const ready = (async () => {
    await app.initialize();
    const answer = await app.handleRedirectPromise();
    app.setActiveAccount(answer?.account ?? app.getAllAccounts()[0] ?? null);
  })();

  // Null where nobody is signed in, or somebody has to sign in anew. Without a hidden frame, which the page's policy does not allow.
  token.get = async () => {
    try {
      await ready;
      const cacheLookupPolicy = msal.CacheLookupPolicy.AccessTokenAndRefreshToken;
      return app.getActiveAccount() && (await app.acquireTokenSilent({ scopes, cacheLookupPolicy })).accessToken;
    } catch {
      return null;
    }
  };
  token.signIn = another => app.loginRedirect({ scopes, ...(another && { prompt: 'select_account' }) });
})();
