// The certified npm `oidc-provider` with three people: node openid.mjs ISSUER PORTAL
// PKCE is required; logout works from either side. Any password is right.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [issuer, portal] = process.argv.slice(2);
const people = {
  alice: { name: "Alice Admin", email: "alice@example.test", groups: ["platform", "checkout"] },
  bob: { name: "Bob Builder", email: "bob@example.test", groups: ["payments"] },
  eve: { name: "Eve Newcomer", email: "eve@example.test", groups: [] },
};
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signing = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "first" };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "plumbline",
      client_secret: "only for tests: 0123456789 +%&",
      redirect_uris: [`${portal}/auth/node/callback`],
      post_logout_redirect_uris: [`${portal}/auth/node/signed-out`],
      backchannel_logout_uri: `${portal}/auth/node/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: { keys: [signing] },
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  scopes: ["openid", "profile", "email", "groups"],
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username"],
    email: ["email", "email_verified"],
    groups: ["groups"],
  },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: (_, id) =>
    people[id] && {
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, email_verified: true, ...people[id] }),
    },
  // The library's own way of calling out refuses loopback addresses.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error.message));
provider.listen(Number(new URL(issuer).port), "127.0.0.1");
