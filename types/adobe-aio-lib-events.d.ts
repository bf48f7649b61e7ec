/** The part of the library that is used here; its own types are global and name none of its exports. */
declare module '@adobe/aio-lib-events' {
  type EventsClient = {
    /** @returns a page, and its links made absolute */
    getEventsFromJournal(
      journalUrl: string,
      options?: { latest?: boolean; since?: string; limit?: number },
    ): Promise<unknown>
    /** @returns the HAL document of the providers that an organisation may register for */
    getAllProviders(consumerOrgId: string, options?: { fetchEventMetadata?: boolean }): Promise<unknown>
    /** @returns the HAL document of the events of a provider */
    getAllEventMetadataForProvider(providerId: string): Promise<unknown>
    /** @returns the registration */
    createRegistration(
      consumerOrgId: string,
      projectId: string,
      workspaceId: string,
      body: Readonly<Record<string, unknown>>,
    ): Promise<unknown>
    deleteRegistration(
      consumerOrgId: string,
      projectId: string,
      workspaceId: string,
      registrationId: string,
    ): Promise<unknown>
    getRegistration(
      consumerOrgId: string,
      projectId: string,
      workspaceId: string,
      registrationId: string,
    ): Promise<unknown>
    /** Replaces all: what the body leaves out is gone. */
    updateRegistration(
      consumerOrgId: string,
      projectId: string,
      workspaceId: string,
      registrationId: string,
      body: Readonly<Record<string, unknown>>,
    ): Promise<unknown>
    getAllRegistrationsForWorkspace(
      consumerOrgId: string,
      projectId: string,
      workspaceId: string,
    ): Promise<unknown>
  }
  export function init(
    organizationId: string,
    apiKey: string,
    accessToken: string,
    httpOptions?: { timeout?: number; retries?: number; eventsBaseURL?: string },
  ): Promise<EventsClient>
}
