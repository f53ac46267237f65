// What the client of orval sends with: it adds the service's address and the token.
export const send = async <T>(path: string, options: RequestInit): Promise<T> => {
  const headers = { ...options.headers, Authorization: `Bearer ${process.env["TOKEN"]}` };
  const response = await fetch(`${process.env["SERVICE_URL"]}${path}`, { ...options, headers });
  return { status: response.status, data: await response.json(), headers: response.headers } as T;
};
